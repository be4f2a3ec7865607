"""A policy document as Cedar policies and entities: what is the same for both models.

Written from the contract (docs/domain.md), of which each comment names the place. Everything that
the contract calls rights is left to Cedar: who is in what (hierarchies), which policies unite
(disjunctions), what stops an allow (`forbid`). Effects only: reasons have no counterpart.
"""

import json


def quoted(text):
    """A string of Cedar's language."""
    plain = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(
        plain.get(c, c if 0x20 <= ord(c) < 0x7F else f"\\u{{{ord(c):x}}}") for c in text
    ) + '"'


def entity(kind, name):
    return f"{kind}::{quoted(name)}"


def uid(kind, name):
    return {"type": kind, "id": name}


def any_of(expressions):
    return "(" + " || ".join(dict.fromkeys(expressions)) + ")" if expressions else "false"


def all_of(*expressions):
    return " && ".join(f"({expression})" for expression in expressions)


KNOWN = entity("Known", "all")


class Translation:
    """Entities and policies of one organization."""

    # Of the model: see the subclasses.
    workspace_actions = ()
    reads = ()

    def __init__(self, document):
        self.document = document
        self.organization = document["organization"]
        self.workspaces = document.get("workspaces", {})
        self.policies = []
        self.entities = []
        self.token_workspaces = {}
        self._parents = {}
        self._add_places()
        self.add_users()
        self.add_policies()
        self._add_placement()
        for (kind, name), parents in self._parents.items():
            self.add_entity(kind, name, parents)

    # Entities

    def add_entity(self, kind, name, parents=(), **attributes):
        self.entities.append(
            {"uid": uid(kind, name), "parents": [uid(*one) for one in parents], "attrs": attributes}
        )

    def add_parent(self, child, parent):
        """Collected, because an entity is written once."""
        self._parents.setdefault(child, [])
        if parent not in self._parents[child]:
            self._parents[child].append(parent)

    def _add_places(self):
        """Workspaces, and in them the resources that the document knows, with their links."""
        for name, workspace in self.workspaces.items():
            self.add_entity("Workspace", name, [("Workspaces", "all")])
            links = self.links(workspace)
            for kind, resources in (workspace.get("resources") or {}).items():
                for resource in resources:
                    self.add_entity(
                        kind,
                        resource["id"],
                        [("Workspace", name), ("Known", "all")],
                        **links.get((kind, resource["id"]), {}),
                    )

    def links(self, workspace):
        """Attributes by (type, id)."""
        raise NotImplementedError

    # Policies

    def permit(self, actions, condition, principal="principal"):
        self._policy("permit", actions, condition, principal)

    def forbid(self, actions, condition, principal="principal"):
        self._policy("forbid", actions, condition, principal)

    def _policy(self, effect, actions, condition, principal):
        listed = ", ".join(entity("Action", action) for action in actions)
        self.policies.append(
            f"{effect}({principal}, action in [{listed}], resource) when {{ {condition} }};"
        )

    def inside(self, name):
        """Who has access to a workspace, asking about that workspace."""
        return all_of(
            f"context.workspace == {entity('Workspace', name)}",
            f"principal in {entity('Access', name)}",
        )

    @staticmethod
    def scope(operand, kind, ids, future):
        """Section 1: listed ids, and with the flag whatever the document does not know."""
        parts = []
        if ids:
            listed = ", ".join(entity(kind, one) for one in ids)
            parts.append(f"[{listed}].contains({operand})")
        if future:
            parts.append(f"!({operand} in {KNOWN})")
        return any_of(parts)

    def _add_placement(self):
        """Step 6, and step 5 as far as tokens are bound to their workspace."""
        actions = self.workspace_actions
        for operand, given in (("resource", "true"), ("context.target", "context has target")):
            elsewhere = all_of(
                given, f"{operand} in {KNOWN}", f"!({operand} in context.workspace)"
            )
            self.forbid(actions, elsewhere)
            if self.organization.get("unknown_resources") == "deny":
                self.forbid(
                    actions,
                    all_of(
                        given,
                        f"!({operand} in {KNOWN})",
                        f"!({operand} is Type || {operand} is Workspace)",
                    ),
                )
        # Owner and admins (7): everything in a workspace of the organization.
        self.permit(
            actions,
            f"context.workspace in {entity('Workspaces', 'all')}",
            principal=f"principal in {entity('Admins', 'all')}",
        )

    # Requests

    def request(self, check):
        kind, name = self.principal(check["principal"])
        action = check["action"]
        request = {
            "principal": uid(kind, name),
            "action": uid("Action", action),
            "resource": uid("Organization", "it"),
        }
        if action in self.workspace_actions:
            workspace = check.get("workspace") or self.token_workspaces.get((kind, name), "")
            context = {"workspace": {"__entity": uid("Workspace", workspace)}}
            request["resource"] = (
                self.resource(check["resource"])
                if check.get("resource")
                else uid("Workspace", workspace)
            )
        else:
            context = {}
        if check.get("target"):
            context["target"] = {"__entity": self.target(check["target"])}
        request["context"] = json.dumps(context)
        return request

    @staticmethod
    def principal(text):
        for prefix, kind in (
            ("user:", "User"),
            ("service_token:", "ServiceToken"),
            ("personal_token:", "PersonalToken"),
        ):
            if text.startswith(prefix):
                return kind, text[len(prefix) :]
        return "User", text

    @staticmethod
    def resource(text):
        """TYPE/ID or TYPE; who is nobody may also ask about what is no type."""
        kind, slash, name = text.partition("/")
        return uid(kind, name) if slash and kind.isidentifier() else uid("Type", kind)

    def target(self, text):
        return uid("User", text[5:]) if text.startswith("user:") else self.resource(text)
