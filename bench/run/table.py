"""The one table: a block for each section, for the terminal and for a page, with medians, spread, and what came of each goal."""
from .machine import in_words
from .section import Outcome, Row, Stat
from .verdicts import CLOSE, MET, MISSED, Verdict, counted, verdicts

IN_A_TERMINAL = {MET: ("met   ", "32"), MISSED: ("MISSED", "31"), CLOSE: ("close ", "33")}     # with the color


def figure(value: float) -> str:
    """Three digits that matter: 0.352, 15.4, 184, 640,000."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def cell(stat: Stat) -> str:
    """The median, and between which figures the middle half of the rounds lies."""
    if stat.count < 3 or figure(stat.low) == figure(stat.high):
        return figure(stat.median)
    return f"{figure(stat.median)} ({figure(stat.low)}–{figure(stat.high)})"


def columns_of(rows: list) -> list:
    return list(dict.fromkeys(column for row in rows for column in row.values))


def grid(rows: list) -> list:
    """Lines of words, the first of them the heads; what a peer does not have is a dash."""
    columns = columns_of(rows)
    head = ["", "unit", *columns]
    return [head, *([row.title, row.unit, *(cell(row.values[column]) if column in row.values else "–" for column in columns)]
                    for row in rows)]


def aligned(lines: list) -> list:
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    return ["  " + "  ".join(word.ljust(width) if index < 2 else word.rjust(width)
                             for index, (word, width) in enumerate(zip(line, widths))).rstrip() for line in lines]


def goal_line(verdict: Verdict) -> str:
    return f"{verdict.row.title}: {verdict.in_words()}"


def sentences(outcome: Outcome) -> list:
    begun = [f"This section was not measured to its end: {outcome.unfinished}."] if outcome.unfinished else []
    lines = [*begun, *outcome.notes, *(f"Left out: {line}." for line in outcome.skipped)]
    if outcome.rounds:
        text = f"{outcome.rounds} rounds"
        if outcome.repeated:
            text += f", {outcome.repeated} more measured again because something disturbed them"
        if outcome.disturbed:
            text += f". {outcome.disturbed} of the rounds that count were disturbed too, because the machine was not quiet"
        lines.append(text + ".")
    return lines


def for_terminal(outcome: Outcome, colors: bool = False) -> str:
    """Wide tables are split by columns, so that a line is not wrapped in the middle of a figure."""
    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colors else text

    lines = []
    if outcome.rows:
        lines += split_to_width(outcome.rows)
    for verdict in verdicts(outcome):
        lines.append(f"  {paint(*IN_A_TERMINAL[verdict.word])} {goal_line(verdict)}")
    return "\n".join([*lines, *(f"  {line}" for line in sentences(outcome))])


def split_to_width(rows: list, width: int = 118) -> list:
    columns, lines, done = columns_of(rows), [], 0
    while done < len(columns):
        take = len(columns) - done
        while True:
            part = [Row(row.name, row.title, row.unit, {c: row.values[c] for c in columns[done:done + take] if c in row.values})
                    for row in rows]
            shown = aligned(grid([row for row in part if row.values]))
            if take == 1 or max(map(len, shown)) <= width:
                break
            take -= 1
        lines += ([""] if lines else []) + shown
        done += take
    return lines


def for_page(outcomes: list) -> str:
    """The table of a run, with a heading for each section."""
    lines = ["# What the bench measured", "", "Medians of interleaved rounds. In parentheses: the middle half of them.", ""]
    for outcome in outcomes:
        lines += [f"## {outcome.name}: {outcome.title}", *section_for_page(outcome)]
    return "\n".join(lines)


def section_for_page(outcome: Outcome) -> list:
    """Its table, and the goals that are not met."""
    lines = [""]
    if outcome.rows:
        head, *rest = grid(outcome.rows)
        lines += ["| " + " | ".join(head) + " |", "|---|---|" + "--:|" * (len(head) - 2)]
        lines += ["| " + " | ".join(line) + " |" for line in rest] + [""]
    found = verdicts(outcome)
    if found:
        lines.append(f"- {counted(found)}.")
    for word in (MISSED, CLOSE):
        goals = [goal_line(one) for one in found if one.word == word]
        lines += [f"- **{word}**: {'. '.join(goals)}."] if goals else []
    lines += [f"- {line}" for line in sentences(outcome)]
    if outcome.machine:
        lines.append(f"- Measured on {in_words(outcome.machine)}.")
    return lines + [""]


def verdict(outcomes: list) -> str:
    """Empty if nothing that was measured has a goal."""
    found = [one for outcome in outcomes for one in verdicts(outcome)]
    return counted(found) if found else ""
