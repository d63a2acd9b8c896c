"""The whole line in one run: feed the sample or a folder, live through the days, compare every id, show the sums."""
