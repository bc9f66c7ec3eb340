"""The command `inkdigits sweep`: try many settings of a recipe on a Ray cluster."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inkdigits import training_data
from inkdigits.cli.options import data_dir_option, limit_option, mnist_only_option
from inkdigits.cli.own_data import DataCommand, OwnDataOptions, own_data_options
from inkdigits.cli.recipe_choice import choose_recipe, recipe_argument, with_available_data
from inkdigits.cli.signals import Signals, StopRequested
from inkdigits.cli.sweep_report import write_report
from inkdigits.constants import DIGITS
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.runs import Run
from inkdigits.scale.cluster import Cluster, connected
from inkdigits.scale.search_space import (
    Dimension,
    describe,
    draw_settings,
    make_trials,
    parse_dimension,
)
from inkdigits.scale.sweep import EpochDone, Sweep, TrialEnded
from inkdigits.scale.sweep_results import ENDED, OUTCOMES, Result, best_first
from inkdigits.storage.files import write_atomically
from inkdigits.threads import available_cpus
from inkdigits.training_data import Sources

# No trial is stopped before one ninth of the epochs of the longest one.
GRACE_SHARE = 9


@click.command("sweep", cls=DataCommand)
@recipe_argument
@click.option(
    "--over",
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="A setting, and what to try: log(LOW,HIGH), uniform(LOW,HIGH), int(LOW,HIGH) or a JSON "
    "list, such as 'learning_rate=log(1e-4,1e-2)'. May be given several times.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of settings to try.  [default: 20, or all combinations of lists]",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of seeds that each trial is trained with; trials are compared by the mean.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="The first seed, which also draws the settings.",
)
@click.option(
    "--on",
    "address",
    default="ray",
    show_default=True,
    metavar="ray[://HOST]",
    help="Where to train: ray for this machine, or the cluster in RAY_ADDRESS; or the address of a "
    "Ray cluster.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of trials that run at the same time.  [default: one for each CPU of the cluster]",
)
@click.option(
    "--sweep-dir",
    type=click.Path(path_type=Path),
    help="Folder for trials and report.  [default: sweeps/RECIPE-seed-SEED]",
)
@click.option("--resume", is_flag=True, help="Continue the sweep in the folder.")
@click.option(
    "--grace",
    type=click.IntRange(min=1),
    metavar="EPOCHS",
    help="Epochs before a trial may be stopped.  [default: a ninth of the epochs]",
)
@click.option(
    "--early-stopping/--no-early-stopping",
    default=True,
    show_default=True,
    help="Stop trials that do worse than two thirds of the others (ASHA).",
)
@limit_option
@click.option(
    "--epochs", type=click.IntRange(1, 100_000), help="Number of epochs.  [default: the recipe's]"
)
@mnist_only_option
@own_data_options
@data_dir_option
def sweep_command(
    source: str,
    over: tuple[str, ...],
    trials: int | None,
    seeds: int,
    seed: int,
    address: str,
    workers: int | None,
    sweep_dir: Path | None,
    resume: bool,
    grace: int | None,
    early_stopping: bool,
    limit: int | None,
    epochs: int | None,
    mnist_only: bool,
    own: OwnDataOptions,
    data_dir: Path | None,
) -> None:
    """Try many settings of RECIPE, and write the best one as a recipe.

    Trials are compared on validation writers, whom they are not trained on. The test digits are
    not used: `inkdigits evaluate` measures a model on them. Needs the extra `ray`.
    """
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    space = [parse_dimension(text) for text in over]
    drawn = draw_settings(space, trials, seed)
    recipe = choose_recipe(source, RECIPES, epochs, name=None)
    own_data = own.load(recipe, data_dir, available_cpus(), console)
    if own_data:
        recipe = own_data.recipe
    elif recipe.classes != DIGITS:
        raise click.ClickException(
            f"The classes of the recipe {recipe.name} are not the digits 0 to 9, which MNIST has: "
            "name images of them with --data."
        )
    has_validation = recipe.validation or (own_data and own_data.validation)
    if not has_validation:
        raise click.ClickException(
            f"{recipe.name} holds out no validation digits, by which trials could be compared: set "
            "`validation` in the recipe, such as 0.1."
        )
    recipe = with_available_data(recipe, mnist_only, data_dir, console)

    def sources_of(trial_recipe: Recipe) -> Sources:
        load = own_data.sources if own_data else training_data.load
        return load(trial_recipe, data_dir, limit)

    all_trials = make_trials(recipe, drawn)
    longest = max(trial.recipe.epochs for trial in all_trials)
    sweep = Sweep(
        folder=sweep_dir or Path("sweeps") / f"{recipe.name}-{own.run_name}seed-{seed}",
        recipe=recipe,
        trials=all_trials,
        seeds=range(seed, seed + seeds),
        limit=limit,
        sources_of=sources_of,
        grace=min(grace or -(-longest // GRACE_SHARE), longest) if early_stopping else None,
        at_once=workers or 0,
    )
    sweep.check_folder(resume)  # before a cluster is started
    signals = Signals()
    locked = Run(sweep.folder).locked(option="--sweep-dir")  # like the folder of a run
    with connected(address) as cluster, signals.caught(console), locked:
        sweep.begin({"over": list(over)}, resume)
        _announce(sweep, cluster, console)
        try:
            with signals.deferred():
                _follow(sweep, signals, console)
        except StopRequested:
            console.print(f"What is done is saved in {sweep.folder}; continue with --resume.")
            raise
    _conclude(sweep, space, console)


def _announce(sweep: Sweep, cluster: Cluster, console: Console) -> None:
    known = sweep.results()
    ended = sum(result.outcome in ENDED for result in known)
    if ended:
        console.print(f"Resumed: {ended} of {len(known)} trials have ended.")
    each = f"{len(sweep.seeds)} seeds each" if len(sweep.seeds) > 1 else "one seed"
    at_once = min(sweep.at_once or cluster.cpus, cluster.cpus)
    console.print(
        f"{_count(len(sweep.trials), 'trial')} of {sweep.recipe.name}, {each}, up to {at_once} at "
        f"the same time.",
        style="bold",
    )
    if ended < len(known):
        console.print("Preparing the images.")


def _follow(sweep: Sweep, signals: Signals, console: Console) -> None:
    """Run the sweep, and print a line for each trial that has ended."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    done = {result.trial.number: result.epochs for result in sweep.results()}
    total = sum(trial.recipe.epochs for trial in sweep.trials)
    task = bar.add_task("training", total=total, completed=sum(done.values()))
    events = sweep.run(signals.raise_if_received)
    try:
        first = next(events, None)  # loading data may show a progress bar of its own
        with bar:
            while first is not None:
                match first:
                    case EpochDone(trial, epoch):
                        done[trial.number] = max(done[trial.number], epoch)
                    case TrialEnded(trial, _, _):
                        done[trial.number] = trial.recipe.epochs
                        console.print(_line(sweep.result(trial), len(sweep.trials)))
                bar.update(task, completed=sum(done.values()))
                first = next(events, None)
    finally:
        events.close()  # which stops the trials


def _line(result: Result, total: int) -> str:
    """Describe a trial that has ended."""
    number = f"{result.trial.number}/{total}".rjust(2 * len(str(total)) + 1)
    return f"{number}  {_measured(result)}  {describe(result.trial.settings)}"


def _measured(result: Result) -> str:
    """Say how accurate a trial is, and how it has ended."""
    if result.outcome == "failed":
        return f"failed ({result.cause})"
    if result.outcome == "diverged":
        return f"diverged after {_count(result.epochs, 'epoch')}"
    stopped = "stopped after " if result.outcome == "stopped" else ""
    accuracy = "" if result.accuracy is None else f"{result.accuracy:.2%}  "
    return f"{accuracy}{stopped}{_count(result.epochs, 'epoch')}"


def _conclude(sweep: Sweep, space: Sequence[Dimension], console: Console) -> None:
    """Say which trial is the best, and write its recipe and the report."""
    results = best_first(sweep.results())
    counts = {outcome: sum(result.outcome == outcome for result in results) for outcome in OUTCOMES}
    console.print(
        f"{_count(counts['finished'], 'trial')} trained to the end; ASHA stopped "
        f"{counts['stopped']} early; {counts['diverged']} diverged; {counts['failed']} failed."
    )
    if path := write_report(sweep, space, results):
        console.print(f"Report: {path}")
    else:
        console.print("No report: it needs pip install 'inkdigits[plots]'.")
    if not counts["finished"]:
        raise click.ClickException(
            "No trial was trained to the end, so none is the best: try other values with --over, "
            "such as lower learning rates."
        )
    best = results[0]
    spread = "" if best.spread is None else f" ± {100 * best.spread:.2f}"
    seeds = f", the mean of {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else ""
    console.print(
        f"Best: trial {best.trial.number}, {100 * (best.accuracy or 0):.2f}{spread}% of the "
        f"validation images{seeds}: {describe(best.trial.settings)}"
    )
    path = sweep.folder / "best.toml"
    write_atomically(path, (sweep.path(best.trial) / "recipe.toml").read_bytes())
    console.print(f"Recipe: {path}; train it with other seeds: inkdigits train {path} --seed 100")
    if counts["failed"]:
        console.print("Trials that failed are tried again with --resume.", style="yellow")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
