/// A row of the table of options: how it is called, what it is for, and the field of `Root` that it
/// sets. Flags, environment, file, help and reference page are all made from such rows.
///
/// A row's name is the flag's: `drain-timeout` is `--drain-timeout`, `VERDICT_DRAIN_TIMEOUT` and
/// `drain_timeout:`.
public struct SettingsOption<Root: Sendable>: Sendable {
  public let name: String
  /// What stands for the value in help; empty for a switch, which needs none.
  public let valueName: String
  /// What it is for, in sentences.
  public let help: String
  /// What holds where it is not given, where the field's own default can't tell.
  let defaultText: String?
  public let isList: Bool
  /// Sets the field from texts: exactly one, or any number for a list.
  let set: @Sendable (inout Root, [String]) throws(OptionFault) -> Void
  /// The field as texts; none where it is not set.
  public let texts: @Sendable (Root) -> [String]

  public var isSwitch: Bool { valueName.isEmpty }
  /// As a key of the file.
  public var key: String { String(name.map { $0 == "-" ? "_" : $0 }) }
  /// The help of a flag: what it is for, whether it may be repeated, and what holds otherwise.
  ///
  /// - Parameter defaults: a value that nothing was given for.
  public func helpText(_ defaults: Root) -> String {
    let again = isList ? " May be given several times." : ""
    let standard = defaultText ?? texts(defaults).joined(separator: ", ")
    return help + again + (standard.isEmpty ? "" : " (default: \(standard))")
  }

  /// As a part of an environment variable.
  var upperName: String { key.uppercased() }

  /// An option that always has a value.
  ///
  /// - Parameter check: what is wrong with a value that can be read, or nil.
  init<Value: OptionValue>(
    _ name: String, _ valueName: String, _ field: any WritableKeyPath<Root, Value> & Sendable,
    _ help: String, default defaultText: String? = nil,
    check: @escaping @Sendable (Value) -> String? = { _ in nil }
  ) {
    self.init(
      name, valueName, help, default: defaultText, isList: false,
      set: { root, texts throws(OptionFault) in
        root[keyPath: field] = try SettingsOption.value(texts, check)
      },
      texts: { [$0[keyPath: field].optionText] })
  }

  /// An option that may be left out.
  init<Value: OptionValue>(
    _ name: String, _ valueName: String, _ field: any WritableKeyPath<Root, Value?> & Sendable,
    _ help: String, default defaultText: String? = nil,
    check: @escaping @Sendable (Value) -> String? = { _ in nil }
  ) {
    self.init(
      name, valueName, help, default: defaultText, isList: false,
      set: { root, texts throws(OptionFault) in
        root[keyPath: field] = try SettingsOption.value(texts, check)
      },
      texts: { root in root[keyPath: field].map { [$0.optionText] } ?? [] })
  }

  /// An option that may be given several times.
  init<Value: OptionValue>(
    _ name: String, _ valueName: String, list field: any WritableKeyPath<Root, [Value]> & Sendable,
    _ help: String, default defaultText: String? = nil
  ) {
    self.init(
      name, valueName, help, default: defaultText, isList: true,
      set: { root, texts throws(OptionFault) in
        var values: [Value] = []
        for text in texts { values.append(try SettingsOption.value([text]) { _ in nil }) }
        root[keyPath: field] = values
      },
      texts: { root in root[keyPath: field].map(\.optionText) })
  }

  /// The same option of something that has a `Root` in it.
  func lifted<Outer>(
    to field: any WritableKeyPath<Outer, Root> & Sendable, default other: String? = nil
  ) -> SettingsOption<Outer> {
    let (set, texts) = (set, texts)
    return SettingsOption<Outer>(
      name, valueName, help, default: other ?? defaultText, isList: isList,
      set: { outer, values throws(OptionFault) in try set(&outer[keyPath: field], values) },
      texts: { texts($0[keyPath: field]) })
  }

  fileprivate init(
    _ name: String, _ valueName: String, _ help: String, default defaultText: String?,
    isList: Bool, set: @escaping @Sendable (inout Root, [String]) throws(OptionFault) -> Void,
    texts: @escaping @Sendable (Root) -> [String]
  ) {
    self.name = name
    self.valueName = valueName
    self.help = help
    self.defaultText = defaultText
    self.isList = isList
    self.set = set
    self.texts = texts
  }

  private static func value<Value: OptionValue>(
    _ texts: [String], _ check: (Value) -> String?
  ) throws(OptionFault) -> Value {
    guard texts.count == 1, let text = texts.first else {
      throw OptionFault("is a list, expected one value")
    }
    do throws(OptionFault) {
      let value = try Value(optionText: text)
      if let fault = check(value) { throw OptionFault(fault) }
      return value
    } catch {
      throw OptionFault("`\(text)`: \(error.message)")
    }
  }
}

/// Bounds of a number, as a check of an option.
func within<Value: OptionValue & Comparable>(
  _ range: ClosedRange<Value>
) -> @Sendable (Value) -> String? {
  { value in
    range.contains(value)
      ? nil
      : "expected \(range.lowerBound.optionText) to \(range.upperBound.optionText)"
  }
}
