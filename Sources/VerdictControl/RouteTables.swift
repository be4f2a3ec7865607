internal import VerdictModel
internal import VerdictRoutes

/// Compiled route tables for gateways, validated and kept in memory that never changes.
@safe
public final class RouteTables: @unchecked Sendable {
  // `@unchecked`: written once, before anybody can see it.
  private let base: UnsafeMutableRawPointer
  private let count: Int
  /// Whether a set's own tables go before these: they are only what ships.
  let yieldsToSets: Bool

  /// No tables: every request of a gateway is denied, `no_route`.
  public static let none = RouteTables(copying: [], yieldsToSets: true)

  /// Takes tables one after the other, at most one for each access model.
  ///
  /// - Parameters:
  ///   - yieldsToSets: a set's own tables go before these.
  ///   - place: where they are from, for the error.
  /// - Throws: `routes` where they are malformed.
  public convenience init(
    validating bytes: [UInt8], yieldsToSets: Bool = false, place: String = ""
  ) throws(ControlError) {
    let fault: RouteTableError? = bytes.withByteView { view in
      do throws(RouteTableError) {
        _ = try RouteTableList(validating: view)
        return nil
      } catch { return error }
    }
    if let fault { throw ControlError(.routes, place, "\(fault); publish again") }
    self.init(copying: bytes, yieldsToSets: yieldsToSets)
  }

  private init(copying bytes: [UInt8], yieldsToSets: Bool) {
    self.yieldsToSets = yieldsToSets
    unsafe base = .allocate(byteCount: max(bytes.count, 1), alignment: 64)
    count = bytes.count
    // SAFETY: as much room as there are bytes.
    bytes.withByteView { view in
      guard let source = unsafe view.buffer.baseAddress else { return }
      unsafe base.copyMemory(from: source, byteCount: view.count)
    }
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe base.deallocate()
  }

  /// Valid for as long as this is.
  var bytes: ByteView { unsafe ByteView(base: base, count: count) }
}
