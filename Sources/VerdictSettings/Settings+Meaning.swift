public import VerdictSystem

/// What the settings mean together.
extension Settings {
  /// A place to listen at.
  public struct Listener: Sendable, Equatable {
    /// Nil for those of `listen` and `unix`.
    public let name: String?
    public let address: SocketAddress
    public let inspection: Bool
    public let access: ListenerAccess
  }

  public static let defaultAddress = SocketAddress.tcp(host: "127.0.0.1", port: 7070)
  public static let defaultAdminAddress = SocketAddress.tcp(host: "127.0.0.1", port: 7071)

  /// Where the admin endpoint is; nil: nowhere. Who names listeners names it too: nothing opens a
  /// port that nobody asked for.
  ///
  /// - Parameter hasPassed: whether there are sockets that were opened for us.
  public func adminAddress(besidePassed hasPassed: Bool) -> SocketAddress? {
    switch admin {
    case .address(let address): return address
    case .some(.none): return nil
    case nil:
      let isByDefault = listen.isEmpty && unix.isEmpty && listeners.isEmpty && !hasPassed
      return isByDefault ? Settings.defaultAdminAddress : nil
    }
  }

  /// Everything that is listened on: the nameless ones first, then the others by name.
  ///
  /// - Parameter hasPassed: whether there are sockets that were opened for us: then nothing else
  ///   is listened on unless it is asked for.
  public func listeners(besidePassed hasPassed: Bool = false) -> [Listener] {
    var addresses = listen + unix.map(\.address)
    if addresses.isEmpty && listeners.isEmpty && !hasPassed {
      addresses = [Settings.defaultAddress]
    }
    let nameless = addresses.map {
      Listener(name: nil, address: $0, inspection: inspects($0), access: access)
    }
    let named = listeners.sorted { $0.key < $1.key }.compactMap { name, listener in
      listener.address.map {
        Listener(
          name: name, address: $0, inspection: listener.inspection ?? inspects($0),
          access: listener.access.or(access))
      }
    }
    return nameless + named
  }

  /// Whether inspections are served there, as far as a listener doesn't say so itself.
  public func inspects(_ address: SocketAddress) -> Bool {
    if inspectOn.isEmpty {
      if case .unix = address { return true }
      return false
    }
    return inspectOn.contains(.address(address))
  }

  /// What does not fit together, one line each.
  public var faults: [String] {
    var faults: [String] = []
    if (control == nil) == policy.isEmpty {
      faults.append("give either --control or --policy")
    }
    if models != nil && policy.isEmpty {
      faults.append("--models goes with --policy; a control directory is compiled already")
    }
    if control == nil && following != FollowingSettings() {
      faults.append("--trust, --state and their like go with --control")
    }
    for (name, listener) in listeners.sorted(by: { $0.key < $1.key })
    where listener.address == nil {
      faults.append("listeners.\(name): no `address`, which is required")
    }
    if let fault = access.fault { faults.append(fault) }
    for (name, listener) in listeners.sorted(by: { $0.key < $1.key }) {
      guard let fault = listener.access.or(access).fault, fault != access.fault else { continue }
      faults.append("listeners.\(name): \(fault)")
    }
    return faults + following.faults + gateway.faults + log.faults + addressFaults
  }

  private var addressFaults: [String] {
    var faults: [String] = []
    let addresses = listeners().map(\.address)
    var seen: Set<SocketAddress> = []
    for address in addresses where !address.isChosenByKernel {
      if !seen.insert(address).inserted {
        faults.append("`\(address)` is listened on twice, expected different addresses")
      }
    }
    for place in inspectOn {
      switch place {
      case .none where inspectOn.count > 1:
        faults.append("--inspect-on: `none` beside an address, expected it alone")
      case .address(let address) where !addresses.contains(address):
        faults.append(
          "--inspect-on: nothing listens on `\(address)`; give it to --listen or --unix too, or "
            + "`none` alone")
      default: continue
      }
    }
    return faults
  }
}

extension SocketAddress {
  fileprivate var isChosenByKernel: Bool {
    if case .tcp(_, 0) = self { return true }
    return false
  }
}
