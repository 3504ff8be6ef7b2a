"""Made-up statistics for tests of figures and pages: a row a number of a method, easy to check."""

import numpy as np
import pandas as pd

from reports.statistics_frame import PLACE, STATISTICS


def made_statistics(metrics: pd.DataFrame) -> pd.DataFrame:
    """Means with intervals of +- .05, a floor of .9 to .99 around .95, no difference from `ce`."""
    found = metrics.groupby(list(PLACE), sort=False)["value"].agg(["mean", "std", "count"])
    table = found.reset_index().rename(columns={"std": "sd", "count": "seeds"})
    known = table["mean"].notna()
    table["low"], table["high"] = table["mean"] - 0.05, table["mean"] + 0.05
    table["interval"] = np.where(known, "t", "")
    table["floor_low"], table["floor_mean"], table["floor_high"] = 0.9, 0.95, 0.99
    table["floor_p"], table["baseline"], table["difference"] = 0.25, "ce", 0.0
    table["difference_low"], table["difference_high"] = -0.05, 0.05
    return table.reindex(columns=list(STATISTICS))
