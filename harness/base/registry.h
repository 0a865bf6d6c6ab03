// Registration without a central list: a plug-in's source registers itself, a `list` command prints what is there.
//
//   // In the plug-in's own source file:
//   const Registered<Command> registered_version{"version", [] { return std::make_unique<VersionCommand>(); }};
//
// Two things of one kind with one name stop the program at start. Order of registration never matters: everything is by name.
// Kind must be a class of the plug-in's interface. Register at static initialisation only; reading is then safe from any thread.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace plumb {

template <class Kind>
class Registry {
 public:
  using Factory = std::function<std::unique_ptr<Kind>()>;

  static void add(std::string name, Factory factory) {
    const auto [at, fresh] = factories().emplace(std::move(name), std::move(factory));
    if (fresh) return;
    std::fprintf(stderr, "registered twice: %s\n", at->first.c_str());
    std::abort();
  }
  // Sorted by name.
  static const std::map<std::string, Factory>& all() { return factories(); }
  // nullptr when there is no such name.
  static std::unique_ptr<Kind> make(const std::string& name) {
    const auto found = factories().find(name);
    return found == factories().end() ? nullptr : found->second();
  }

 private:
  static std::map<std::string, Factory>& factories() {
    static std::map<std::string, Factory> instance;
    return instance;
  }
};

template <class Kind>
struct Registered {
  Registered(std::string name, typename Registry<Kind>::Factory factory) { Registry<Kind>::add(std::move(name), std::move(factory)); }
};

}  // namespace plumb
