"""Does labelling and correcting pay?"""
