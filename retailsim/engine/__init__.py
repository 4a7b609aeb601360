"""How stages run: stage graph, executors, neural runtimes."""
