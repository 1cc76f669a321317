"""The public face: look-up, directory, service pages and the snapshot."""
