// What a testbench needs around a network: images from files, and a comparison of every layer with vectors.
#ifndef ADEQUATE_TESTBENCH_HPP
#define ADEQUATE_TESTBENCH_HPP

#include <cstdlib>
#include <memory>

#include "files.hpp"

// Integers of one layer, input or output, image after image, in a file.
struct recorded {
    const char* file = "";
    const char* name = "";
    int width = 1;
    bool is_signed = false;
    std::unique_ptr<bytes_of_file> bytes = nullptr;
    long compared = 0;

    template <typename T>
    bool next(const std::string& folder, T* integers, long count) {
        if (!bytes) bytes = std::make_unique<bytes_of_file>(folder + "/" + file + ".bin");
        return unpack(*bytes, integers, count, width, is_signed);
    }
};

struct comparison {
    std::string folder;
    bool on = false, right = true, readable = true;
    long values = 0;

    template <typename T>
    void of(recorded& layer, const T* integers, long count) {
        if (!on || !right || !readable) return;
        std::vector<widest> wanted(count);
        readable = layer.next(folder, wanted.data(), count);
        for (long i = 0; readable && right && i < count; ++i) {
            if (widest(integers[i]) == wanted[i]) continue;
            right = false;
            std::printf("%s (%s), index %ld: expected %s, found %s\n", layer.file, layer.name, layer.compared + i,
                        decimal(wanted[i]).c_str(), decimal(widest(integers[i])).c_str());
        }
        layer.compared += count;
        values += count;
    }
};

template <typename T, int depth, typename Port>
bool fill(Port& port, recorded& input, const std::string& folder) {
    static T integers[depth];
    if (!input.next(folder, integers, depth)) return false;
    for (const T& one : integers) port.write(one);
    return true;
}

template <typename T, int depth, typename Port>
const T* drain(Port& port) {
    static T integers[depth];
    for (T& one : integers) one = port.read();
    return integers;
}

template <typename T>
bool append(const recorded& output, const std::string& folder, const T* integers, long count, bool first) {
    const std::string path = folder + "/" + output.file + ".bin";
    std::FILE* file = std::fopen(path.c_str(), first ? "wb" : "ab");
    if (!file) return false;
    const bool whole = pack(file, integers, count, output.width);
    return std::fclose(file) == 0 && whole;
}

// Every array from its file.
inline bool load_parameters(const std::string& folder) {
    bool whole = true;
    each_parameter([&](const char* name, auto* integers, long count, int width, bool is_signed) {
        bytes_of_file file(folder + "/weights/" + name + ".bin");
        whole = whole && unpack(file, integers, count, width, is_signed);
    });
    return whole;
}

// Every array as the text of an initialiser, which a synthesized network includes.
inline bool write_initialisers(const std::string& folder) {
    bool whole = true;
    each_parameter([&](const char* name, const auto* integers, long count, int, bool) {
        std::FILE* file = std::fopen((folder + "/weights/" + name + ".inc").c_str(), "w");
        whole = whole && file;
        if (!file) return;
        for (long i = 0; i < count; ++i) std::fprintf(file, "%s,\n", decimal(widest(integers[i])).c_str());
        whole = std::fclose(file) == 0 && whole;
    });
    return whole;
}

#endif
