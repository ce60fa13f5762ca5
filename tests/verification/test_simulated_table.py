"""The simulated table behaves like DynamoDB; the contract suite runs on it too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verification.environment.ministack import a_table, dynamodb_client, ministack
from verification.simulation.dynamodb import Call, Step, advance
from verification.simulation.endpoint import SimulatedTable, parsed
from verification.simulation.requests import Request, Response
from verification.simulation.state import TOKEN_LIFETIME, State

KEY = {"PK": {"S": "USER#ann"}, "SK": {"S": "QUOTA"}}
OTHER = KEY | {"SK": {"S": "CONFIG#1"}}


def an_increment(amount: Any = 1, **parameters: Any) -> dict[str, Any]:
    values = {":amount": {"N": str(amount)}}
    update = {"TableName": "t", "Key": KEY, "UpdateExpression": "ADD n :amount", "ExpressionAttributeValues": values}
    return update | parameters


def a_transaction(*updates: dict[str, Any], token: str = "token") -> dict[str, Any]:
    return {"TransactItems": [{"Update": update} for update in updates], "ClientRequestToken": token}


def a_call(operation: str, parameters: dict[str, Any]) -> Call:
    return Call(Request.of(operation, parameters))


def some_steps(state: State, name: str, call: Call, number: int = 99) -> tuple[State, Call]:
    """The state and the call after so many steps, the first possible one each time."""
    while number and call.response is None:
        step: Step = next(advance(state, name, call))
        _, state, call = step
        number -= 1
    return state, call


def error_of(call: Call) -> str | None:
    assert isinstance(call.response, Response)
    return call.response.error


def reasons_of(call: Call) -> Any:
    assert call.response
    return call.response.body["CancellationReasons"]


def test_a_transaction_conflicts_with_one_that_has_prepared_the_same_item() -> None:
    first, second = (a_call("TransactWriteItems", a_transaction(an_increment(), token=name)) for name in "ab")
    state, first = some_steps(State(), "first", first, 1)

    state, second = some_steps(state, "second", second)
    state, first = some_steps(state, "first", first)

    assert [reason["Code"] for reason in reasons_of(second)] == ["TransactionConflict"]
    assert error_of(first) is None
    assert state.items[("USER#ann", "QUOTA")].attributes["n"] == {"N": "1"}


@pytest.mark.parametrize(
    ("steps", "call", "error"),
    [
        (1, a_call("UpdateItem", an_increment()), "TransactionConflictException"),
        (1, a_call("TransactWriteItems", a_transaction(an_increment())), "TransactionInProgressException"),
        (99, a_call("TransactWriteItems", a_transaction(an_increment(2))), "IdempotentParameterMismatchException"),
    ],
    ids=["a plain write", "the same token", "the same token with other parameters"],
)
def test_what_a_transaction_in_progress_or_its_token_excludes_is_refused(steps: int, call: Call, error: str) -> None:
    first = a_call("TransactWriteItems", a_transaction(an_increment()))
    state, _ = some_steps(State(), "first", first, steps)

    _, second = some_steps(state, "second", call)

    assert error_of(second) == error


def test_a_query_may_see_half_of_a_transaction() -> None:
    both = a_call("TransactWriteItems", a_transaction(an_increment(), an_increment(Key=OTHER)))
    query = {
        "KeyConditionExpression": "PK = :user",
        "ExpressionAttributeValues": {":user": KEY["PK"]},
        "ConsistentRead": True,
    }
    half, _ = some_steps(State(), "transaction", both, 3)

    _, seen = some_steps(half, "query", a_call("Query", query))

    assert seen.response
    assert [item["SK"]["S"] for item in seen.response.body["Items"]] == ["QUOTA"]


def test_a_token_is_recognised_until_ten_minutes_have_passed() -> None:
    call = a_call("TransactWriteItems", a_transaction(an_increment()))
    state, _ = some_steps(State(), "first", call)

    repeated, again = some_steps(state.at(TOKEN_LIFETIME - 1), "second", call)
    later, anew = some_steps(state.at(TOKEN_LIFETIME), "third", call)

    assert error_of(again) is error_of(anew) is None
    assert [each.items[("USER#ann", "QUOTA")].attributes["n"]["N"] for each in (repeated, later)] == ["1", "2"]


def test_every_failed_condition_is_reported_with_the_item_where_it_is_asked_for() -> None:
    state, _ = some_steps(State(), "first", a_call("UpdateItem", an_increment()))
    absent = {"ConditionExpression": "attribute_not_exists(PK)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    present = {"ConditionExpression": "attribute_exists(PK)"}
    transaction = a_transaction(an_increment(**absent), an_increment(Key=OTHER, **present))

    after, call = some_steps(state, "second", a_call("TransactWriteItems", transaction))

    assert reasons_of(call) == [
        {"Code": "ConditionalCheckFailed", "Item": {**KEY, "n": {"N": "1"}}},
        {"Code": "ConditionalCheckFailed"},
    ]
    assert after.items == state.items
    assert not after.locks


@pytest.mark.parametrize(
    "wrong",
    [
        {"ConditionExpression": "n ="},
        {"ConditionExpression": "n = :unknown"},
        {"ExpressionAttributeNames": {"#unused": "n"}},
        {"UpdateExpression": "SET PK = :amount"},
        {"UpdateExpression": "ADD n :amount SET n = :amount"},
    ],
    ids=["syntax", "undefined value", "unused name", "key attribute", "overlapping paths"],
)
def test_an_invalid_expression_is_refused(wrong: dict[str, Any]) -> None:
    _, call = some_steps(State(), "first", a_call("UpdateItem", an_increment(**wrong)))

    assert error_of(call) == "ValidationException"


_paths = st.sampled_from(["n", "title", "is_old", "no_such_attribute", "SK"])
_ordered = [{"N": "0"}, {"N": "1"}, {"N": "2"}, {"S": "a"}, {"S": "b"}]
_values = st.sampled_from([*_ordered, {"BOOL": True}, {"BOOL": False}, {"NULL": True}])
_comparisons = st.builds(
    lambda path, operator, value: (f"{path} {operator} {{}}", [value]),
    _paths,
    st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
    st.sampled_from(_ordered),
)
_tests: st.SearchStrategy[tuple[str, list[Any]]] = st.builds(
    lambda function, path: (f"{function}({path})", []),
    st.sampled_from(["attribute_exists", "attribute_not_exists"]),
    _paths,
)
_choices: st.SearchStrategy[tuple[str, list[Any]]] = st.builds(
    lambda path, values: (f"{path} IN ({{}}, {{}})", list(values)), _paths, st.tuples(_values, _values)
)
_conditions = st.recursive(
    _comparisons | _tests | _choices,
    lambda inner: (
        st.builds(
            lambda a, operator, b: (f"({a[0]} {operator} {b[0]})", [*a[1], *b[1]]),
            inner,
            st.sampled_from(["AND", "OR"]),
            inner,
        )
        | inner.map(lambda a: (f"NOT {a[0]}", a[1]))
    ),
    max_leaves=4,
)


def outcome_of(update: Callable[[], object]) -> str:
    try:
        update()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"


@pytest.mark.slow
def test_conditions_hold_in_the_simulation_exactly_where_they_hold_in_the_emulator() -> None:
    with ministack() as endpoint:
        client, table, simulated = dynamodb_client(endpoint), a_table(endpoint), SimulatedTable(lambda: 0.0)
        stored: dict[str, Any] = {"n": {"N": "1"}, "title": {"S": "a"}, "is_old": {"BOOL": False}}
        client.put_item(TableName=table, Item={**KEY, **stored})
        parsed(simulated.send("PutItem", {"TableName": table, "Item": {**KEY, **stored}}), "PutItem")

        @settings(max_examples=300, suppress_health_check=list(HealthCheck))
        @given(condition=_conditions, absent=st.booleans())
        def compare(condition: tuple[str, list[Any]], absent: bool) -> None:  # noqa: FBT001 drawn
            text, values = condition
            names = [f":v{number}" for number in range(len(values))]
            parameters: dict[str, Any] = {
                "TableName": table,
                "Key": OTHER if absent else KEY,
                "ConditionExpression": text.format(*names),
                "UpdateExpression": "REMOVE unknown_attribute",
            }
            if values:
                parameters["ExpressionAttributeValues"] = dict(zip(names, values, strict=True))
            expected = outcome_of(lambda: client.update_item(**parameters))
            actual = outcome_of(lambda: parsed(simulated.send("UpdateItem", parameters), "UpdateItem"))
            if absent and expected == "done":
                client.delete_item(TableName=table, Key=OTHER)
                simulated.send("DeleteItem", {"TableName": table, "Key": OTHER})
            assert actual == expected, parameters

        compare()
