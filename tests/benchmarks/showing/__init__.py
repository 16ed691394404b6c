"""What is shown of figures: pictures, and the terms of each comparison."""
