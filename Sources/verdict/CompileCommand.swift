internal import ArgumentParser
internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile", abstract: "Compile policy documents into snapshot files.",
    discussion: """
      A snapshot holds one organization. If --output names a directory (one that exists, or any \
      name that ends with `/`), each organization gets a file ORGANIZATION.snapshot in it; bytes of \
      its id other than letters, digits, `.`, `_`, `-` and `@` are written as %XX. Otherwise \
      --output is the file, and the documents must be of one organization.

      The same documents give the same bytes, whenever and wherever they are compiled. Nothing is \
      written if any document has an error.
      """)

  @OptionGroup var policies: PolicyArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The snapshot file, or a directory for several.", valueName: "file"))
  var output: String

  func validate() throws {
    if output.isEmpty { throw ValidationError("--output needs the name of a file.") }
  }

  func run() throws {
    let compiled = try policies.compiled()
    let files = try SnapshotFiles(output: output, organizations: compiled.organizations)
    try files.write()
  }
}

/// Which snapshot goes into which file.
struct SnapshotFiles {
  let directory: String?
  let files: [(path: String, organization: CompiledDocuments.Organization)]

  init(
    output: String, organizations: [CompiledDocuments.Organization]
  ) throws(CommandFailure) {
    if output.hasSuffix("/") || SnapshotFiles.isDirectory(output) {
      var directory = output[...]
      while directory.count > 1, directory.last == "/" { directory.removeLast() }
      self.directory = String(directory)
      files = organizations.map {
        ("\(directory)/\(SnapshotFiles.name(ofOrganization: $0.id)).snapshot", $0)
      }
      return
    }
    guard organizations.count == 1 else {
      let names = organizations.prefix(3).map { "`\(String(decoding: $0.id, as: UTF8.self))`" }
      throw CommandFailure(
        "`\(output)`: a snapshot holds one organization, and the documents have "
          + "\(organizations.count) (\(names.joined(separator: ", "))"
          + "\(organizations.count > 3 ? ", ..." : "")); name a directory: --output \(output)/")
    }
    directory = nil
    files = organizations.map { (output, $0) }
  }

  func write() throws(CommandFailure) {
    for (path, organization) in files {
      do throws(SystemError) {
        if let directory { try File.createDirectories(directory) }
        try AtomicFile.replace(path, with: organization.snapshot)
      } catch {
        throw CommandFailure(error.description)
      }
      let digest = organization.snapshot.withByteView { SHA256Digest(of: $0) }
      try StandardStream.output.write(
        line: "\(path): organization `\(String(decoding: organization.id, as: UTF8.self))`, "
          + "\(organization.snapshot.count) bytes, \(digest)")
    }
  }

  /// A name that is one file's on every file system, whatever the id; different ids give different
  /// names.
  static func name(ofOrganization id: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var name: [UInt8] = []
    for (index, byte) in id.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "@"):
        name.append(byte)
      // A first dot would hide the file, or name the directory above.
      case UInt8(ascii: ".") where index > 0:
        name.append(byte)
      default:
        name += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: name, as: UTF8.self)
  }

  private static func isDirectory(_ path: String) -> Bool {
    (try? FileDescriptor.directory(path).release()).map { FileDescriptor(owning: $0).close() } != nil
  }
}
