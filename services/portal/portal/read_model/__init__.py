"""What the portal shows: written from the topics, rebuilt by reading them again."""
