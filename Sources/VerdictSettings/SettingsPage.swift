/// The page of documentation that the table of options gives.
public enum SettingsPage {
  public static var text: String {
    var lines = [head]
    lines += ["## Options", ""]
    lines += table(Settings.options, Settings()) { option in
      let variable = SettingsEnvironment.prefix + option.upperName
      let key = option.name == "config" ? "" : "`\(option.key)`"
      return ["`--\(option.name)\(value(option))`", "`\(variable)`", key]
    }
    lines += ["", listenersHead]
    lines += table(NamedListener.options, NamedListener()) { option in
      let value = option.isSwitch ? "ON|OFF" : option.valueName.uppercased()
      return [
        "`--listener NAME.\(option.name)=\(value)`",
        "`\(SettingsEnvironment.listenerPrefix)NAME_\(option.upperName)`",
        "`listeners.NAME.\(option.key)`",
      ]
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func value<Root>(_ option: SettingsOption<Root>) -> String {
    option.isSwitch ? "" : " \(option.valueName.uppercased())"
  }

  private static func table<Root>(
    _ options: [SettingsOption<Root>], _ defaults: Root,
    names: (SettingsOption<Root>) -> [String]
  ) -> [String] {
    let rows = options.map { option in
      let texts = option.texts(defaults).map { "`\($0)`" }.joined(separator: ", ")
      let standard = option.defaultText ?? texts
      let help = option.help + (option.isList ? " A list." : "")
      let cells = (names(option) + [standard, help]).map { $0.replacing("|", with: "\\|") }
      return "| " + cells.joined(separator: " | ") + " |"
    }
    return ["| Flag | Environment | File | Default | What it is |", "|---|---|---|---|---|"] + rows
  }

  private static let head = """
    # Configuration

    `verdict serve` takes its settings from flags, from environment variables and from a file
    (`--config FILE`, YAML or JSON). A flag goes before the environment, that before the file, and
    that before the default. A list replaces a list: nothing is merged. Whatever is given has to be
    right, also where something else goes before it; what nobody knows is an error, with its place
    and the nearest name that is known.

    - A flag that takes a list is given several times; in the environment its elements stand between
      commas; in the file it is a list or one value.
    - A switch is a flag without a value (`--no-NAME` turns it off); elsewhere it is `on` or `off`.
    - Numbers of bytes may have a unit: `64KiB`, `1MiB`, `2GiB`.
    - No option is a secret: options that concern one name the file that holds it.
    - Variables that Kubernetes sets for a service called `verdict` (`VERDICT_SERVICE_HOST`,
      `VERDICT_PORT_...`) are passed over, and so is the clients' `VERDICT_ADDRESS`.

    `verdict config check` says whether the same flags, environment and file would do;
    `verdict config print` shows every value with where it came from, as a file of settings.

    This page is made from the table of options in `Sources/VerdictSettings/Settings+Options.swift`:
    `make configuration` writes it.

    """

  private static let listenersHead = """
    ## Listeners

    A listener with a name (a-z, 0-9 and -) has options of its own. Those of TLS, of Unix sockets
    and of callers stand above, too: there they are for every listener that doesn't say otherwise.

    ```yaml
    listeners:
      gateway:
        address: 127.0.0.1:7070
      local:
        address: unix:/run/verdict/verdict.sock
        unix_mode: 0660
        inspection: on
    ```

    """
}
