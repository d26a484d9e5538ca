"""What the pages are put together from; nothing here is a page of its own."""
