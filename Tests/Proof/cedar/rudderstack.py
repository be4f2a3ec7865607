"""Section 2 of the contract in Cedar."""

from translation import KNOWN, Translation, all_of, any_of, entity

CONNECTABLE_TYPES = (
    "event_stream_source",
    "destination",
    "table",
    "sql_model",
    "audience",
    "transformation",
    "tracking_plan",
    "profile",
)
EDIT_TYPES = ("transformation_library", "data_catalog")
PAIRS = [
    ("event_stream_source", "destination"),
    ("transformation", "destination"),
    ("event_stream_source", "tracking_plan"),
    *((kind, "destination") for kind in ("table", "sql_model", "audience", "profile")),
]
SWITCHES = ("alert_overrides", "warehouse_sync_retry", "bot_management", "credential_store")
PII = {
    "destination_live_events": ("destination",),
    "destination_failure_samples": ("destination",),
    "destination_data_access": ("destination",),
    "event_stream_source_live_events": ("event_stream_source",),
    "table_live_events": ("table",),
    "audience_live_events": ("audience",),
    "sql_model_live_events": ("sql_model",),
    "reverse_etl_sync_failure_samples": ("table", "sql_model", "audience"),
    "transformation_live_events": ("transformation",),
    "transformation_failure_samples": ("transformation",),
    "tracking_plan_violations": ("tracking_plan",),
}
# 2.5, by the plans that stop them.
ADMINS = (
    "policies.manage",
    "billing.manage",
    "workspace_alerts.manage",
    "event_blocking.manage",
    "data_retention.manage",
    "migration.run",
    "scim.manage",
    "organization_usage.read",
)
ON_USERS = ("members.remove", "members.change_role", "members.edit_policy")
GATED = {
    "members.invite": "!(resource.few_members && resource.members >= 10)",
    "groups.create": '!(resource.plan == "free" || resource.plan == "starter")'
    ' && !(resource.plan == "growth" && resource.groups >= 3)',
    "groups.manage": '!(resource.plan == "free" || resource.plan == "starter")',
    "policies.manage_baseline": 'resource.plan == "enterprise"',
    "workspaces.create": '!(resource.plan == "free" && resource.workspaces >= 1)',
    "service_tokens.manage": 'resource.plan != "free"',
    "audit_logs.read": 'resource.plan == "enterprise"',
}
NOBODY = ("service_tokens.edit_policy", "personal_tokens.create_admin")
ORGANIZATION_ACTIONS = (*ADMINS, *ON_USERS, *GATED, *NOBODY, "personal_tokens.create")


class RudderStack(Translation):
    workspace_actions = (
        "view",
        "edit",
        "create",
        "delete",
        "connect",
        "disconnect",
        "workspace.administer",
        *PII,
        *SWITCHES,
    )
    reads = ("view", *PII)

    def links(self, workspace):
        def ends(kind, ids):
            return [{"__entity": {"type": kind, "id": one}} for one in ids]

        links = {}
        for kind, key, to in (
            ("transformation", "connected_to", "destination"),
            ("data_catalog", "tracking_plans", "tracking_plan"),
        ):
            for resource in (workspace.get("resources") or {}).get(kind, []):
                links[kind, resource["id"]] = {key: ends(to, resource.get(key, []))}
        # Section 6: a transformation end of a connection acts like `connected_to`.
        for connection in workspace.get("connections", []):
            pair = [connection["source"].partition("/"), connection["destination"].partition("/")]
            for one, other in (pair, pair[::-1]):
                if one[0] == "transformation" and other[0] == "destination":
                    links[one[0], one[2]]["connected_to"] += ends(other[0], [other[2]])
        return links

    # 2.1

    def add_users(self):
        organization = self.organization
        owner = organization["owner"]
        admins = [owner, *organization.get("admins", [])]
        for user in admins:
            self.add_parent(("User", user), ("Admins", "all"))
        for user in [*admins, *organization.get("members", [])]:
            self.add_parent(("User", user), ("Users", "all"))
        for name, group in self.document.get("groups", {}).items():
            for user in group["members"]:
                self.add_parent(("User", user), ("Group", name))
            for workspace in group["workspaces"]:
                self.add_parent(("Group", name), ("Access", workspace))
        for name, workspace in self.workspaces.items():
            for user in workspace.get("members", []):
                self.add_parent(("User", user), ("Access", name))
        self.add_tokens(self.document.get("tokens", {}))
        plan = organization["plan"]
        self.add_entity(
            "Organization",
            "it",
            plan=plan,
            few_members=plan in ("free", "starter"),
            members=len(admins)
            + len(organization.get("members", []))
            + len(organization.get("invitations", [])),
            groups=len(self.document.get("groups", {})),
            workspaces=len(self.workspaces),
        )

    def add_tokens(self, tokens):
        for token in tokens.get("service", []):
            name = ("ServiceToken", token["id"])
            if token.get("kind") == "organization":
                self.add_parent(name, ("OrganizationTokens", "all"))
            else:
                self.add_parent(name, ("Access", token["workspace"]))
                self.token_workspaces[name] = token["workspace"]
        for token in tokens.get("personal", []):
            # A personal token is in its user, and so in whatever the user is in.
            name = ("PersonalToken", token["id"])
            self.token_workspaces[name] = token["workspace"]
            self.add_entity(
                *name,
                [("User", token["user"])],
                scope=token["scope"],
                workspace={"__entity": {"type": "Workspace", "id": token["workspace"]}},
            )
        own = "principal is PersonalToken"
        everywhere = self.workspace_actions
        # An unknown token has no attributes, and nothing is permitted to it.
        self.forbid(
            everywhere,
            "principal has workspace && context.workspace != principal.workspace",
            own,
        )
        writes = [action for action in everywhere if action not in self.reads]
        self.forbid(writes, 'principal has scope && principal.scope == "read_only"', own)
        self.forbid(ORGANIZATION_ACTIONS, 'principal has scope && principal.scope != "admin"', own)

    # 2.3 and 2.4

    def add_policies(self):
        self.add_organization_actions()
        for name, workspace in self.workspaces.items():
            grants = Grants(name, workspace, self.document)
            inside = self.inside(name)
            self.permit(["view"], inside)
            if self.organization["plan"] != "enterprise":
                self.permit(PII, inside)
            self.add_resources(inside, grants, workspace)
            self.add_connections(inside, grants)
            self.add_pii(inside, grants)
            for switch in SWITCHES:
                self.permit([switch], all_of(inside, grants.switch(switch)))

    def add_resources(self, inside, grants, workspace):
        for kind in (*CONNECTABLE_TYPES, *EDIT_TYPES):
            edit = grants.cover("edit", kind, "resource")
            if kind == "data_catalog":
                edit = all_of(edit, self.every_tracking_plan(grants, workspace))
            this = f"resource is {kind}"
            self.permit(["edit"], all_of(inside, this, edit))
            one = f"resource == {entity('Type', kind)}"
            if kind in EDIT_TYPES:
                create = grants.cover("edit", kind, "resource")
                self.permit(["create"], all_of(inside, one, create))
                self.permit(["delete"], all_of(inside, this, edit))
            else:
                both = grants.cover("create_delete", kind, "resource")
                self.permit(["create"], all_of(inside, one, both))
                self.permit(["delete"], all_of(inside, this, both))

    @staticmethod
    def every_tracking_plan(grants, workspace):
        plans = (workspace.get("resources") or {}).get("tracking_plan", [])
        conditions = ["true"]
        for plan in plans:
            literal = entity("tracking_plan", plan["id"])
            linked = f"resource has tracking_plans && resource.tracking_plans.contains({literal})"
            edit = grants.cover("edit", "tracking_plan", literal)
            conditions.append(f"!({linked}) || {edit}")
        return all_of(*conditions)

    def add_connections(self, inside, grants):
        for pair in PAIRS:
            for first, second in (pair, pair[::-1]):
                terms = [
                    grants.cover(permission, kind, operand)
                    for kind, operand in ((first, "resource"), (second, "context.target"))
                    for permission in ("edit", "connect")
                ]
                ends = f"resource is {first} && context.target is {second}"
                self.permit(["connect", "disconnect"], all_of(inside, ends, *terms))

    def add_pii(self, inside, grants):
        for permission, kinds in PII.items():
            for kind in kinds:
                this = f"resource is {kind}"
                own = grants.cover(permission, kind, "resource")
                if permission == "transformation_failure_samples":
                    seen = (
                        f"context has target && resource in {KNOWN}"
                        " && resource.connected_to.contains(context.target)"
                    )
                    through = grants.cover(
                        "destination_failure_samples", "destination", "context.target"
                    )
                    own = f"if {seen} then {through} else {own}"
                self.permit([permission], all_of(inside, this, own))

    # 2.5

    def add_organization_actions(self):
        admins = f"principal in {entity('Admins', 'all')}"
        tokens = f"principal in {entity('OrganizationTokens', 'all')}"
        users = entity("Users", "all")
        owner = entity("User", self.organization["owner"])
        self.permit(ADMINS, "true", admins)
        self.permit(
            ON_USERS, f"context.target in {users} && context.target != {owner}", admins
        )
        for action, gate in GATED.items():
            self.permit([action], gate, admins)
        self.permit(["personal_tokens.create"], "true", f"principal in {users}")
        self.permit(["scim.manage", "organization_usage.read"], "true", tokens)
        self.permit(["audit_logs.read"], GATED["audit_logs.read"], tokens)


class Grants:
    """Every policy of a workspace as who holds it and what it grants."""

    def __init__(self, name, workspace, document):
        policies = workspace.get("policies") or {}
        held = [("true", policies.get("baseline") or {})]
        for group, policy in policies.get("groups", {}).items():
            held.append((f"principal in {entity('Group', group)}", policy))
        for member, policy in policies.get("members", {}).items():
            held.append((f"principal in {entity('User', member)}", policy))
        for token in document.get("tokens", {}).get("service", []):
            if token.get("workspace") == name:
                holder = f"principal == {entity('ServiceToken', token['id'])}"
                held.append((holder, token.get("policy") or {}))
        self.held = held

    def cover(self, permission, kind, operand):
        """Whether the union of what applies covers the operand."""
        parts = []
        for holder, policy in self.held:
            if permission in PII:
                scope = (policy.get("pii") or {}).get(permission)
                typed = len(PII[permission]) > 1
            else:
                scope = ((policy.get("resources") or {}).get(kind) or {}).get(permission)
                typed = False
            if scope is None:
                continue
            if scope == "all":
                parts.append(holder)
                continue
            ids, future = scope, False
            if isinstance(scope, dict):
                ids, future = scope["ids"], scope.get("include_future") == "true"
            if typed:
                ids = [one.removeprefix(f"{kind}/") for one in ids if one.startswith(f"{kind}/")]
            parts.append(f"({holder} && {Translation.scope(operand, kind, ids, future)})")
        return any_of(parts)

    def switch(self, name):
        return any_of([holder for holder, one in self.held if name in one.get("switches", [])])
