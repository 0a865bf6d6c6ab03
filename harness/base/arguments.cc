#include "harness/base/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "harness/base/log.h"

namespace plumb {

struct Arguments::App {
  CLI::App app;
  std::string log_level = "info";
  std::string heading = "Options";
};

Arguments::Arguments(const std::string& command, const std::string& summary) : app_(new App{CLI::App(summary, command)}) {
  app_->app.option_defaults()->always_capture_default();
  app_->app.add_option("--log-level", app_->log_level, "what is logged to stderr")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->group("Global");
}
Arguments::~Arguments() = default;

Arguments& Arguments::option(const std::string& names, std::string& value, const std::string& help) {
  return app_->app.add_option(names, value, help)->group(app_->heading), *this;
}
Arguments& Arguments::option(const std::string& names, int& value, const std::string& help) {
  return app_->app.add_option(names, value, help)->group(app_->heading), *this;
}
Arguments& Arguments::option(const std::string& names, std::optional<int>& value, const std::string& help) {
  return app_->app.add_option(names, value, help)->group(app_->heading), *this;
}
Arguments& Arguments::option(const std::string& names, double& value, const std::string& help) {
  return app_->app.add_option(names, value, help)->group(app_->heading), *this;
}
Arguments& Arguments::option(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return app_->app.add_option(names, values, help)->group(app_->heading), *this;
}
Arguments& Arguments::taken_option(const std::string& names, std::function<Status(const std::string&)> take, const std::string& otherwise, const std::string& help) {
  const auto checked = [names, take = std::move(take)](const std::string& text) {
    if (const Status taken = take(text); !taken.ok()) throw CLI::ValidationError(names, taken.error().message);
  };
  return app_->app.add_option_function<std::string>(names, checked, help)->default_str(otherwise)->group(app_->heading), *this;
}
Arguments& Arguments::choice(const std::string& names, std::string& value, const std::vector<std::string>& allowed, const std::string& help) {
  return app_->app.add_option(names, value, help)->check(CLI::IsMember(allowed))->group(app_->heading), *this;
}
Arguments& Arguments::flag(const std::string& names, bool& value, const std::string& help) {
  return app_->app.add_flag(names, value, help)->group(app_->heading), *this;
}
Arguments& Arguments::positional(const std::string& name, std::string& value, const std::string& help, bool required) {
  return app_->app.add_option(name, value, help)->required(required), *this;
}
Arguments& Arguments::positionals(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  return app_->app.add_option(name, values, help), *this;
}
Arguments& Arguments::group(const std::string& heading) { return app_->heading = heading, *this; }

std::optional<int> Arguments::parse(const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::cout << app_->app.help();
    return 0;
  } catch (const CLI::ParseError& problem) {
    std::cerr << app_->app.get_name() << ": " << problem.what() << "; see " << app_->app.get_name() << " --help\n";
    return exit_usage;
  }
  static const std::vector<std::string> levels{"debug", "info", "warning", "error", "off"};
  log::set_level(static_cast<log::Level>(std::find(levels.begin(), levels.end(), app_->log_level) - levels.begin()));
  return std::nullopt;
}

}  // namespace plumb
