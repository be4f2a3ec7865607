"""Section 3 of the contract in Cedar."""

from translation import KNOWN, Translation, all_of, any_of, entity

VIEW, EDIT, CREATE, DELETE = "view", "edit", "create", "delete"
# What each role grants, by type. Create and delete of sources: only with all of them.
ROLES = {
    "source_admin": {"source": (VIEW, EDIT, CREATE, DELETE)},
    "source_read_only": {"source": (VIEW,)},
    "warehouse_admin": {"warehouse": (VIEW, EDIT, CREATE, DELETE)},
    "warehouse_read_only": {"warehouse": (VIEW,)},
    "protocols_admin": {"tracking_plan": (VIEW, EDIT, CREATE, DELETE)},
    "protocols_read_only": {"tracking_plan": (VIEW,)},
    "personas_admin": {kind: (VIEW, EDIT, CREATE, DELETE) for kind in ("audience", "trait")},
    "personas_user": {kind: (VIEW, EDIT, CREATE) for kind in ("audience", "trait")},
    "personas_read_only": {kind: (VIEW,) for kind in ("audience", "trait")},
    "minimal_access": {},
}


class Segment(Translation):
    workspace_actions = (
        VIEW,
        EDIT,
        CREATE,
        DELETE,
        "view_live_data",
        "connect",
        "disconnect",
        "view_pii",
        "manage_personas_settings",
        "access.manage",
        "members.invite",
    )

    def links(self, workspace):
        links = {}
        for resource in (workspace.get("resources") or {}).get("streaming_destination", []):
            parent = {"__entity": {"type": "source", "id": resource["parent"]}}
            links["streaming_destination", resource["id"]] = {"parent": parent}
        for resource in (workspace.get("resources") or {}).get("tracking_plan", []):
            sources = [
                {"__entity": {"type": "source", "id": one}} for one in resource.get("sources", [])
            ]
            links["tracking_plan", resource["id"]] = {"sources": sources}
        return links

    def add_users(self):
        for user in [self.organization["owner"], *self.organization.get("admins", [])]:
            self.add_parent(("User", user), ("Admins", "all"))
        for name, workspace in self.workspaces.items():
            for user, assignments in (workspace.get("roles") or {}).items():
                self.add_parent(("User", user), ("Access", name))
                for assignment in assignments:
                    self.add_parent(("User", user), ("Role", self.role(name, assignment)))

    @staticmethod
    def role(workspace, assignment):
        """One entity for each role with one scope in one workspace."""
        return repr((workspace, assignment["role"], assignment.get("sources", "all")))

    def add_policies(self):
        for name, workspace in self.workspaces.items():
            here = f"context.workspace == {entity('Workspace', name)}"
            roles = {}
            for assignments in (workspace.get("roles") or {}).values():
                for one in assignments:
                    holder = f"principal in {entity('Role', self.role(name, one))}"
                    roles[holder] = (one["role"], one.get("sources", "all"))
            owners = any_of([who for who, one in roles.items() if one[0] == "workspace_owner"])
            self.permit(self.workspace_actions, all_of(here, owners))
            self.add_grants(self.inside(name), RoleGrants(roles))

    def add_grants(self, inside, roles):
        workspace = "resource == context.workspace"
        self.permit([VIEW], all_of(inside, workspace))
        for kind in ("source", "warehouse", "audience", "trait", "tracking_plan"):
            for action in (VIEW, EDIT, DELETE):
                granted = roles.cover(action, kind, "resource")
                if kind == "tracking_plan" and action != DELETE:
                    granted = any_of([granted, roles.any_source(action)])
                self.permit([action], all_of(inside, f"resource is {kind}", granted))
            one = f"resource == {entity('Type', kind)}"
            self.permit([CREATE], all_of(inside, one, roles.cover(CREATE, kind, "resource")))
        live = roles.cover(VIEW, "source", "resource")
        self.permit(["view_live_data"], all_of(inside, "resource is source", live))
        self.add_streaming_destinations(inside, roles)
        self.add_connections(inside, roles)
        personas = roles.holders("personas_admin")
        kinds = "resource is audience || resource is trait"
        self.permit(["view_pii"], all_of(inside, kinds, personas))
        self.permit(["manage_personas_settings"], all_of(inside, workspace, personas))

    def add_streaming_destinations(self, inside, roles):
        this = "resource is streaming_destination"
        for action, needed in ((VIEW, VIEW), (EDIT, EDIT), (DELETE, EDIT)):
            parent = roles.cover(needed, "source", "resource.parent", "resource has parent")
            self.permit([action], all_of(inside, this, parent))
        one = f"resource == {entity('Type', 'streaming_destination')} && context has target"
        self.permit([CREATE], all_of(inside, one, roles.cover(EDIT, "source", "context.target")))

    def add_connections(self, inside, roles):
        for other in ("warehouse", "tracking_plan"):
            for kinds in (("source", other), (other, "source")):
                ends = f"resource is {kinds[0]} && context.target is {kinds[1]}"
                terms = [
                    roles.cover(EDIT, kind, operand)
                    for kind, operand in zip(kinds, ("resource", "context.target"))
                ]
                self.permit(["connect", "disconnect"], all_of(inside, ends, *terms))


class RoleGrants:
    """Every role with its scope that somebody holds in a workspace, by who holds it."""

    def __init__(self, roles):
        self.roles = roles

    def holders(self, role):
        return any_of([holder for holder, one in self.roles.items() if one[0] == role])

    def _granting(self, permission, kind):
        for holder, (role, sources) in self.roles.items():
            if permission in ROLES.get(role, {}).get(kind, ()):
                if sources == "all" or permission not in (CREATE, DELETE):
                    yield holder, sources

    def cover(self, permission, kind, operand, given="true"):
        parts = []
        for holder, sources in self._granting(permission, kind):
            if sources == "all":
                parts.append(holder)
            else:
                listed = Translation.scope(operand, kind, sources, False)
                parts.append(f"({holder} && {given} && {listed})")
        return any_of(parts)

    def any_source(self, permission):
        """A tracking plan through any of the sources that it is linked to."""
        parts = []
        for holder, sources in self._granting(permission, "source"):
            if sources == "all":
                linked = "!resource.sources.isEmpty()"
            else:
                listed = ", ".join(entity("source", one) for one in sources)
                linked = f"resource.sources.containsAny([{listed}])"
            parts.append(f"({holder} && resource in {KNOWN} && {linked})")
        return any_of(parts)
