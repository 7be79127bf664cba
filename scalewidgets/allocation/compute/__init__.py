"""What compute is: counted from a model's shape, on hardware, in time and money."""
