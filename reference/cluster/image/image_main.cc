// plumb-image PROGRAM ARCHIVE: packs the test program into the archive of images that every node loads. Used by the build.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "reference/cluster/image/oci.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: plumb-image PROGRAM ARCHIVE\n");
    return 2;
  }
  std::ifstream program(argv[1], std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(program), {});
  if (bytes.empty()) {
    std::fprintf(stderr, "plumb-image: reading %s: no such file, or it is empty\n", argv[1]);
    return 1;
  }
  const auto archive = plumb::cluster::oci_archive(plumb::cluster::test_images(bytes));
  std::ofstream out(argv[2], std::ios::binary | std::ios::trunc);
  if (archive.ok()) out << *archive;
  if (archive.ok() && out.flush()) return 0;
  std::fprintf(stderr, "plumb-image: writing %s: %s\n", argv[2], archive.ok() ? "no space or no permission" : archive.error().message.c_str());
  return 1;
}
