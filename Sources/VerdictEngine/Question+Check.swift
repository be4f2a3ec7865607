public import VerdictModel

extension Check {
  /// Calls `body` with the check as the engine takes it; the question may not escape.
  public func withQuestion<R>(_ body: (Question) -> R) -> R {
    principal.withByteView { principal in
      (workspace ?? "").withByteView { workspace in
        action.withByteView { action in
          (resource ?? "").withByteView { resource in
            (target ?? "").withByteView { target in
              body(
                Question(
                  principal: principal, workspace: workspace, action: action, resource: resource,
                  target: target))
            }
          }
        }
      }
    }
  }
}
