internal import ArgumentParser
internal import VerdictSettings
internal import VerdictSystem

/// The flags that the table of options gives, in the shape that ArgumentParser takes.
///
/// ArgumentParser finds the flags of a type by its mirror and fills them by decoding. This type's
/// mirror and decoding follow the table, so that an option needs no declaration besides its row.
struct SettingsArguments: ParsableArguments, CustomReflectable {
  var flags = SettingsFlags()

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for option in Settings.options {
      let name = Name(stringValue: option.key)
      if option.isSwitch {
        let value = try container.decode(Flag<Bool?>.self, forKey: name).wrappedValue
        flags.values[option.name] = value.map { [$0.optionText] }
      } else if option.isList {
        let values = try container.decode(Option<[String]>.self, forKey: name).wrappedValue
        flags.values[option.name] = values.isEmpty ? nil : values
      } else {
        let value = try container.decode(Option<String?>.self, forKey: name).wrappedValue
        flags.values[option.name] = value.map { [$0] }
      }
    }
    let name = Name(stringValue: SettingsFlags.listenerName)
    flags.listeners = try container.decode(Option<[String]>.self, forKey: name).wrappedValue
  }

  var customMirror: Mirror {
    var children: [(label: String?, value: Any)] = Settings.options.map {
      ($0.key, SettingsArguments.argument($0))
    }
    let help = ArgumentHelp(
      "\(SettingsFlags.listenerHelp)", valueName: SettingsFlags.listenerValueName)
    children.append((SettingsFlags.listenerName, Option<[String]>(wrappedValue: [], help: help)))
    return Mirror(self, children: children)
  }

  private static func argument(_ option: SettingsOption<Settings>) -> Any {
    let name = NameSpecification.customLong(option.name)
    let help = ArgumentHelp("\(option.helpText(Settings()))", valueName: option.valueName)
    if option.isSwitch {
      return Flag<Bool?>(name: name, inversion: .prefixedNo, help: help)
    }
    return option.isList
      ? Option<[String]>(wrappedValue: [], name: name, help: help)
      : Option<String?>(name: name, help: help)
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// The settings that these flags, the environment and the file give.
  func resolved() throws(SettingsError) -> ResolvedSettings {
    try ResolvedSettings(flags: flags, environment: ProcessEnvironment.variables)
  }

  /// That there are settings: what is wrong is wrong usage.
  func validate() throws {
    do throws(SettingsError) {
      _ = try resolved().settings.serverConfiguration()
    } catch {
      throw ValidationError(error.description)
    }
  }
}
