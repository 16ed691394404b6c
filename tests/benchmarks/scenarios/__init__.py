"""What is measured: each contender does its work, and wrong work gives no figure."""
