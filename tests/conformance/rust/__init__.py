"""kameo's and ractor's tests; with them those of TriOTP and Pykka."""
