extension AccessModel {
  public func typeIndex(_ name: String) -> Int? { resourceTypes.firstIndex { $0.name == name } }
  public func permissionIndex(_ name: String) -> Int? {
    permissions.firstIndex { $0.name == name }
  }
  public func relationIndex(_ name: String, from type: Int) -> Int? {
    relations.firstIndex { $0.name == name && $0.from == type }
  }
  public func actionIndex(_ name: String) -> Int? { actions.firstIndex { $0.name == name } }
  public func planIndex(_ name: String) -> Int? { plans.firstIndex { $0.name == name } }
  public func roleIndex(_ name: String) -> Int? { roles.firstIndex { $0.name == name } }

  /// How `permission` can be granted on `type`, or nil where it can't be.
  public func grantable(_ permission: Int, on type: Int) -> Grantable? {
    permissions[permission].types.first { $0.type == type }
  }
}
