#include <malloc.h>

#include <cstdio>

#include "harness/base/listing.h"
#include "reference/cluster/role.h"

namespace {

using namespace plumb;

const Registered<Listing> roles{"roles", [] { return listing_of<cluster::Role>([](const cluster::Role& role) { return role.summary(); }); }};

void print(const Listing& listing) {
  for (const auto& [name, text] : listing.entries()) std::printf("%-20s %s\n", name.c_str(), text.c_str());
}

int list(const std::string& kind) {
  const auto listing = Registry<Listing>::make(kind);
  if (listing) return print(*listing), cluster::kExitOk;
  if (!kind.empty()) std::fprintf(stderr, "plumbd list: there is nothing called \"%s\"; the kinds:\n", kind.c_str());
  for (const auto& [name, make] : Registry<Listing>::all()) std::fprintf(kind.empty() ? stdout : stderr, "%s\n", name.c_str());
  return kind.empty() ? cluster::kExitOk : cluster::kExitUsage;
}

// A list of objects is a megabyte that lives for a moment: giving its pages back to the kernel and fetching them again for the next
// costs more than making it.
void keep_freed_pages() {
  constexpr int most = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, most);
  mallopt(M_TRIM_THRESHOLD, most);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_pages();
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "list") return list(argc > 2 ? argv[2] : "");
  const auto role = Registry<cluster::Role>::make(name);
  if (role) return role->run(std::vector<std::string>(argv + 2, argv + argc));
  std::fprintf(stderr, "usage: plumbd ROLE [arguments], plumbd list [KIND]; the roles:\n");
  print(*Registry<Listing>::make("roles"));
  return cluster::kExitUsage;
}
