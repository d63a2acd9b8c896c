"""Portal: providers send, see and fix; people decide, and every decision is theirs."""
