"""The printed grid: its scale, how it runs and where it ends; a photo is straightened by it."""
