"""What may happen at once in a history, drawn at random: reports, races, answers, takeovers, clerks' acts."""

from hypothesis import strategies as st

from tests.support.core import AGENCIES, JOBCENTERS

PARTIES = AGENCIES | JOBCENTERS

picks = st.integers(0, 10**6)
holders = st.sampled_from(sorted(PARTIES))
# Rights that end are the more interesting ones.
kinds = st.sampled_from(["070001", "070001", "070008", "070009", "070010", "070010", "070010"])
in_group_08 = st.sampled_from(["080001", "080010"])
reports = st.fixed_dictionaries(
    {
        "do": st.just("report"),
        "who": st.sampled_from([0, 0, 0, 1, 2]),
        "kind": kinds,
        "of_jobcenter": in_group_08,
        "holder": holders,
        "known": st.one_of(st.none(), picks, picks),
        "limited": st.sampled_from([False] * 7 + [True]),
        "term": st.sampled_from([-1, 10, 10, 45, 400]),
        "twice": st.sampled_from([False, False, False, True]),
    }
)
races = st.fixed_dictionaries(
    {
        "do": st.just("race"),
        "known": st.one_of(st.none(), picks, picks),
        "holders": st.permutations(sorted(PARTIES)),
        "kinds": st.tuples(kinds, kinds, kinds),
        "of_jobcenter": in_group_08,
        "people": st.permutations([0, 1, 2]),
    }
)
replies = st.fixed_dictionaries(
    {"do": st.just("reply"), "which": picks, "yes": st.booleans(), "old": st.booleans()}
)
takeovers = st.fixed_dictionaries(
    {
        "do": st.just("takeover"),
        "holder": holders,
        "which": picks,
        "mistaken": st.sampled_from([False] * 5 + [True]),
    }
)
resends = st.fixed_dictionaries({"do": st.just("resend"), "which": picks})
choices = st.fixed_dictionaries(
    {"do": st.just("decide"), "which": picks, "other": st.booleans(), "candidate": picks}
)
undoings = st.fixed_dictionaries({"do": st.just("undo"), "which": picks, "candidate": picks})
fetches = st.fixed_dictionaries(
    {"do": st.just("fetch"), "holder": holders, "at_most": st.integers(1, 5), "confirm": st.booleans()}
)
turns = st.just({"do": "scheduler"})
batches = st.lists(
    st.one_of(
        races, reports, reports, replies, takeovers, choices, choices, undoings, resends, fetches, turns
    ),
    min_size=3,
    max_size=9,
)
