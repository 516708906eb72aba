"""Where a unit can be opened on the web: nothing while pyproject.toml names no address."""

import tomllib
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from grader.paths import ROOT, repository

BRANCH = "main"


@dataclass(frozen=True)
class Addresses:
    """What [project.urls] in pyproject.toml names; "" for what it does not."""

    repository: str = ""  # owner/name on GitHub
    hub: str = ""  # of a JupyterHub with nbgitpuller

    def launch(self, unit: str) -> dict[str, str]:
        """{what the button says: where it leads} for a unit's student notebook."""
        if not self.repository:
            return {}
        path = f"notebooks/{unit}.ipynb"
        buttons = {
            "Open in Colab": f"https://colab.research.google.com/github/{self.repository}/blob/{BRANCH}/{path}",
            "Open in Binder": f"https://mybinder.org/v2/gh/{self.repository}/{BRANCH}?labpath={quote(path)}",
        }
        if self.hub:
            buttons["Open in JupyterHub"] = self.pull(path)
        return buttons

    def pull(self, path: str) -> str:
        """nbgitpuller's link: it fetches the repository into a user's home on the hub, then opens a file of it."""
        folder = self.repository.rpartition("/")[2]
        query = {
            "repo": f"https://github.com/{self.repository}",
            "branch": BRANCH,
            "urlpath": f"lab/tree/{folder}/{path}",
        }
        return f"{self.hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(query)}"


def addresses() -> Addresses:
    """Those of this repository. A hub is named as JupyterHub in [project.urls]."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Addresses(repository(), project.get("urls", {}).get("JupyterHub", ""))
