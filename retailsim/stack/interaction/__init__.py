"""Who touched what: moved tags matched to people by time and place."""
