extension Reason {
  /// What a person can do about it: one or two sentences. `proto/reasons_page.py` writes
  /// `docs/reasons.md` from these lines.
  public var advice: String {
    switch self {
    case .granted: "Nothing; `verdict models show` tells what the action required."
    case .orgAdmin: "Nothing; policies don't govern owners and admins."
    case .viewFloor: "Nothing; take away access to the workspace to end it."
    case .planPIIOpen: "Change to a plan with configurable personal data to restrict it."
    case .organizationToken: "Nothing; only tokens of the organization have these actions."
    case .selfService: "Nothing; it concerns nobody else."

    case .missingPermission:
      "Ask an admin for the named permission; it is granted on no resource of the operand yet."
    case .resourceNotInScope:
      "Ask an admin to add the named resource to the scope of a grant that exists already."
    case .unknownPrincipal:
      "Check the id and its prefix. Invite the user, or make the token anew if its user has left."
    case .unknownWorkspace: "Check the workspace's id, or publish the document that has it."
    case .noWorkspaceAccess:
      "Ask an admin to add the user to the workspace or to a group attached to it. A token works in its own workspace only."
    case .resourceInOtherWorkspace: "Ask in the workspace that the resource lives in."
    case .unknownResource:
      "Publish a document that lists the resource, or set `unknown_resources: future`."
    case .adminOnly: "Ask an owner or admin to do it; no policy can grant it."
    case .ownerProtected: "Transfer the ownership first."
    case .unknownTarget: "Name a user of the organization as `user:ID`."
    case .neverAllowed: "Make a new token instead of changing this one."
    case .tokenKind:
      "Use a token of the other kind: workspaces' tokens work in workspaces, the organization's on a few of its own actions."
    case .tokenScope: "Use a personal token with a wider scope, or sign in as the user."
    case .planLimit: "Change the plan, or make room below its limit."

    case .noRoute: "Add a route for this path and method to the gateway's route table."
    case .badRequest: "Correct the request; the message says what could not be read."
    case .unidentified: "Send a token, or the header that the gateway reads the caller from."
    case .ambiguousIdentity: "Send one identity, not two that differ."
    case .ambiguousResource: "Name the resource with its type."

    case .unknownOrganization:
      "Name the organization, or publish its document; it may only be left out where one is loaded."
    case .invalidID: "Send ids of 1 to 255 bytes of UTF-8 without NUL."
    case .unknownAction: "Take an action that `verdict models show` lists."
    case .missingResource: "Name the resource as `TYPE/ID`, or its type where something is created."
    case .missingTarget: "Name the target: `TYPE/ID`, or `user:ID` for actions on members."
    case .unknownResourceType: "Take a type that `verdict models show` lists."
    case .wrongResourceType: "Take a type that `verdict models show` lists for this action."
    case .invalidPair: "Take two types that `verdict models show` lists together for this action."
    case .unexpectedOperand: "Leave out what the action doesn't take."
    case .missingWorkspace: "Name the workspace; only a token has one of its own."

    case .noSnapshot: "Publish policies, and see the server's log for what it refused."
    case .stale: "See why no newer policies arrive; the server refuses to answer from old ones."
    case .deadline: "Ask again with more time, or send fewer checks at once."
    case .overload: "Ask again after a pause; give the server more loops if it lasts."
    case .internal: "Report it with the server's log."
    }
  }
}
