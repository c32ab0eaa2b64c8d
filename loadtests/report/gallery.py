"""All pictures of a load."""

from loadtests.report.charts import Chart, answers, cuts, first_token, lateness, resumes
from loadtests.report.server_charts import server_charts
from loadtests.report.story import Story


def charts(story: Story) -> list[Chart]:
    """Return those for which there is something to see, in the order to be looked at."""
    felt = [first_token(story), lateness(story), resumes(story), answers(story), cuts(story)]
    return [chart for chart in felt if chart is not None] + server_charts(story)
