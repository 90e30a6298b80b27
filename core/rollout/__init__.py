"""From a request to chunks: plan, context, the chunk loop, and the events it gives."""
