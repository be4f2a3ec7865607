/// The files of the API as `protoc` describes them, and where each name is declared: what
/// reflection tells. Read once; immutable afterwards.
public struct DescriptorSet: Sendable {
  /// What comes with the server.
  public static let shared = DescriptorSet(PackageResources.descriptors_binpb)

  private typealias Fields = [(field: UInt64, bytes: ArraySlice<UInt8>)]

  /// One file: its `FileDescriptorProto` and the files that it imports.
  private struct File {
    let bytes: [UInt8]
    let imports: [String]
  }

  private var files: [String: File] = [:]
  /// The file that declares a service, method, message, field, enumeration or value, by full name.
  private var fileOfSymbol: [String: String] = [:]
  /// Messages, which could have extensions.
  private var messages: Set<String> = []

  /// - Parameter bytes: a `FileDescriptorSet` of ours.
  init(_ bytes: [UInt8]) {
    for (field, file) in DescriptorSet.fields(bytes[...]) where field == 1 { add(file) }
  }

  /// The file of this name and everything that it imports, directly or not; nil: there is none.
  public func files(named name: String) -> [[UInt8]]? {
    guard files[name] != nil else { return nil }
    var order = [name]
    var index = 0
    while index < order.count {
      for name in files[order[index]]?.imports ?? [] where !order.contains(name) {
        order.append(name)
      }
      index += 1
    }
    return order.compactMap { files[$0]?.bytes }
  }

  /// The same for the file that declares a name.
  public func files(declaring symbol: String) -> [[UInt8]]? {
    fileOfSymbol[symbol].flatMap(files(named:))
  }

  public func isMessage(_ name: String) -> Bool { messages.contains(name) }

  // MARK: Reading, by the numbers of google/protobuf/descriptor.proto

  private static func fields(_ bytes: ArraySlice<UInt8>) -> Fields {
    var reader = DescriptorReader(bytes)
    var all: Fields = []
    while let one = reader.nextBytes() { all.append(one) }
    return all
  }

  private static func text(_ fields: Fields, _ number: UInt64) -> String {
    let bytes = fields.first { $0.field == number }?.bytes ?? []
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    let fields = DescriptorSet.fields(bytes)
    let name = DescriptorSet.text(fields, 1)
    let package = DescriptorSet.text(fields, 2)
    let imports = fields.filter { $0.field == 3 }
      .map { String(decoding: $0.bytes, as: UTF8.self) }
    files[name] = File(bytes: Array(bytes), imports: imports)
    for (field, bytes) in fields {
      switch field {
      case 4: addMessage(bytes, in: package, name)
      case 5: addEnumeration(bytes, in: package, name)
      // A service's methods.
      case 6: addNamed(bytes, [2], in: package, name)
      default: break
      }
    }
  }

  private mutating func addMessage(
    _ bytes: ArraySlice<UInt8>, in scope: String, _ file: String
  ) {
    // A message's fields and oneofs.
    let name = addNamed(bytes, [2, 8], in: scope, file)
    messages.insert(name)
    for (field, bytes) in DescriptorSet.fields(bytes) {
      if field == 3 { addMessage(bytes, in: name, file) }
      if field == 4 { addEnumeration(bytes, in: name, file) }
    }
  }

  private mutating func addEnumeration(
    _ bytes: ArraySlice<UInt8>, in scope: String, _ file: String
  ) {
    let fields = DescriptorSet.fields(bytes)
    fileOfSymbol["\(scope).\(DescriptorSet.text(fields, 1))"] = file
    // Values are named beside their enumeration, not in it.
    for (field, bytes) in fields where field == 2 {
      fileOfSymbol["\(scope).\(DescriptorSet.text(DescriptorSet.fields(bytes), 1))"] = file
    }
  }

  /// Adds something with a name, and what is named in it under these fields.
  /// - Returns: its full name.
  @discardableResult
  private mutating func addNamed(
    _ bytes: ArraySlice<UInt8>, _ members: [UInt64], in scope: String, _ file: String
  ) -> String {
    let fields = DescriptorSet.fields(bytes)
    let name = "\(scope).\(DescriptorSet.text(fields, 1))"
    fileOfSymbol[name] = file
    for (field, bytes) in fields where members.contains(field) {
      fileOfSymbol["\(name).\(DescriptorSet.text(DescriptorSet.fields(bytes), 1))"] = file
    }
    return name
  }
}
