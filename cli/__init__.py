"""The retail command: one small module per subcommand."""
