internal import VerdictModel
public import VerdictPolicy
internal import VerdictSnapshot

/// Turns a checked policy document into the bytes of a snapshot.
///
/// Deterministic: the same content gives the same bytes, whatever the order of its keys and
/// lists, because everything is numbered in the byte order of its id. Effective policies are
/// computed here, once for each distinct mix of policies, and shared by everyone who has it.
///
/// Complexity: n log n in members, group memberships and resources.
public enum SnapshotCompiler {
  /// - Throws: `CompileError` where the organization exceeds a limit of the snapshot format.
  public static func compile(_ document: PolicyDocument) throws(CompileError) -> [UInt8] {
    try compile(document, rightsByteCountMax: Limits.rightsByteCountMax)
  }

  static func compile(
    _ document: PolicyDocument, rightsByteCountMax: Int
  ) throws(CompileError) -> [UInt8] {
    let context = try CompileContext(document)
    var writer = SnapshotWriter()
    let cells = ModelSections.write(document, to: &writer)
    let resources = try ResourceIndex(context)
    resources.write(to: &writer)

    var classes = ClassTable(
      context, resources: resources, cells: cells, byteCountMax: rightsByteCountMax)
    var provenance = Provenance(context, classes)
    var access = try MemberAccess(context)
    try access.assignClasses(&classes, &provenance)
    var tokens: [PrincipalSections.ServiceToken] = []
    for token in document.serviceTokens.sorted(by: { context.rank($0.id) < context.rank($1.id) }) {
      tokens.append(try PrincipalSections.ServiceToken(token, context, &classes, &provenance))
    }
    let numbering = classes.write(to: &writer)
    let principals = PrincipalSections(
      context: context, access: access, numbering: numbering, serviceTokens: tokens)
    let slots = try principals.write(to: &writer)
    try provenance.write(numbering: numbering, to: &writer) { principals.forEachMix(slots, $0) }
    ProvenanceNames.write(context, cells, to: &writer)
    context.writeWorkspaces(to: &writer)
    return writer.finish()
  }
}

/// A limit of the snapshot format that an organization exceeds.
public struct CompileError: Error, CustomStringConvertible {
  public let path: String
  public let message: String

  public var description: String { "\(path): \(message)" }
}
