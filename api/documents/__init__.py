"""What people add to the documents that answers rest on: uploads, their indexing and their state."""
