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
    /// Empty: the server's.
    public let identity: [GatewaySettings.Source]
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
      Listener(
        name: nil, address: $0, inspection: inspects($0), access: access, identity: [])
    }
    return nameless + named { $0.forwardAuth != true }
  }

  /// Where gateways ask in HTTP/1.1: the nameless ones first, then the others by name.
  public var forwardAuthListeners: [Listener] {
    let nameless = gateway.forwardAuth.map {
      Listener(name: nil, address: $0, inspection: false, access: access, identity: [])
    }
    return nameless + named { $0.forwardAuth == true }
  }

  private func named(where isAmong: (NamedListener) -> Bool) -> [Listener] {
    listeners.filter { isAmong($0.value) }.sorted { $0.key < $1.key }.compactMap { name, listener in
      listener.address.map {
        Listener(
          name: name, address: $0, inspection: listener.inspection ?? inspects($0),
          access: listener.access(or: access), identity: listener.identity)
      }
    }
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
      if let fault = listener.fault { faults.append("listeners.\(name): \(fault)") }
      let demands = listener.access(or: access)
      if listener.tls == true && (demands.tlsCertificate == nil || listener.isUnix) {
        faults.append(
          "listeners.\(name): `tls` goes with an address on TCP and with `tls_certificate`")
      }
      guard let fault = demands.fault, fault != access.fault else { continue }
      faults.append("listeners.\(name): \(fault)")
    }
    let others = listeners.values.flatMap(\.identity)
    return faults + following.faults + gateway.faults(beside: others) + log.faults + addressFaults
  }

  private var addressFaults: [String] {
    var faults: [String] = []
    let served = listeners().map(\.address)
    let addresses = served + forwardAuthListeners.map(\.address)
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
      case .address(let address) where !served.contains(address):
        faults.append(
          "--inspect-on: nothing listens on `\(address)`; give it to --listen or --unix too, or "
            + "`none` alone")
      default: continue
      }
    }
    return faults
  }
}

extension NamedListener {
  /// What does not fit together in it.
  fileprivate var fault: String? {
    if Set(identity).count != identity.count { return "`identity` names a source twice" }
    guard forwardAuth == true else { return nil }
    // What others are given of it by the server's own options doesn't concern it.
    let isPlain =
      inspection == nil && tls != true && access.tlsCertificate == nil && access.tlsKey == nil
      && access.tlsClientAuthorities == nil && access.tlsClientOptional == nil
      && access.reflection == nil && access.allowCaller.isEmpty
    if !isPlain {
      return "`forward_auth` is plain HTTP/1.1; take away what is about TLS, inspection, "
        + "reflection or callers"
    }
    return identity.contains { $0 == .claims || $0 == .peer }
      ? "`forward_auth` brings no claims and no certificate, expected bearer, jwt or header"
      : nil
  }

  fileprivate var isUnix: Bool {
    if case .unix = address { return true }
    return false
  }
}

extension SocketAddress {
  fileprivate var isChosenByKernel: Bool {
    if case .tcp(_, 0) = self { return true }
    return false
  }
}
