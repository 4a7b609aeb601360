"""Truth against results: metrics, scorecard, regression gate."""
