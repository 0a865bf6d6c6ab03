#include <cstdio>

#include "reference/cluster/role.h"

namespace {

using namespace plumb;

int list_roles() {
  for (const auto& [name, make] : Registry<cluster::Role>::all()) std::printf("%-20s %s\n", name.c_str(), make()->summary().c_str());
  return cluster::kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "list") return list_roles();
  const auto role = Registry<cluster::Role>::make(name);
  if (role) return role->run(std::vector<std::string>(argv + 2, argv + argc));
  std::fprintf(stderr, "usage: plumbd ROLE [arguments]; the roles (plumbd list):\n");
  list_roles();
  return cluster::kExitUsage;
}
