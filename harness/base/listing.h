// One kind of thing that is registered: what `plumb list KIND` and `plumbd list KIND` print. A part registers a listing beside the kind:
//   const Registered<Listing> listed{"resources", [] { return std::make_unique<ResourceListing>(); }};
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/base/registry.h"

namespace plumb {

class Listing {
 public:
  virtual ~Listing() = default;
  // Name and one line of description each, sorted by name.
  virtual std::vector<std::pair<std::string, std::string>> entries() const = 0;
};

// Every thing of Kind that is registered; `describe` says the line of one.
template <class Kind, class Describe>
class RegistryListing final : public Listing {
 public:
  explicit RegistryListing(Describe describe) : describe_(std::move(describe)) {}
  std::vector<std::pair<std::string, std::string>> entries() const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, make] : Registry<Kind>::all()) out.emplace_back(name, describe_(*make()));
    return out;
  }

 private:
  Describe describe_;
};
template <class Kind, class Describe>
std::unique_ptr<Listing> listing_of(Describe describe) {
  return std::make_unique<RegistryListing<Kind, Describe>>(std::move(describe));
}

}  // namespace plumb
