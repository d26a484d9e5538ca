"""The app in a real browser: does it keep what was done, and how long does it take?"""
