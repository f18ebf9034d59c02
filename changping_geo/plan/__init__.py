"""What a plan asks for, what is known of it, and whether it will be reached."""
