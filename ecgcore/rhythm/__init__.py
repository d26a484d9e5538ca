"""Beat boxes -> R peaks, RR intervals and rate; what the paper tells of time and voltage."""
