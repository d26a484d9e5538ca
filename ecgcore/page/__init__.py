"""From a picture to a page that networks can read: panel, scale, orientation and ink."""
