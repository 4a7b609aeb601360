"""What needs several wings at once: judging, comparisons, benches."""
