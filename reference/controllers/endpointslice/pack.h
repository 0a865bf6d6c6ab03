// Puts endpoints of equal ports into slices, with as few writes as possible and, after that, as full as possible: what is there stays where
// it is; slices that change anyway are filled first, then one that the rest fits into, then new ones.
#pragma once

#include <functional>
#include <vector>

#include "reference/controllers/framework/endpoint_slices.h"

namespace plumb::controllers::endpointslice {

// `fresh` makes an empty slice; `relabel` gives a slice the labels it should have and says whether they were others.
struct Packing {
  std::size_t most_endpoints = 100;
  std::function<NewSlice()> fresh;
  std::function<bool(discoveryv1::EndpointSlice&)> relabel;
};
// `wanted`: without duplicates. Appends to `changes`.
void pack(const Packing& packing, const std::vector<SlicePtr>& existing, std::vector<discoveryv1::Endpoint> wanted, SliceChanges& changes);

}  // namespace plumb::controllers::endpointslice
