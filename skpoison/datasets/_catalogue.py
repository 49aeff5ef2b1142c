"""What the image sets are called, what they hold, and where their authors publish them."""

from dataclasses import dataclass

IDX_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@dataclass(frozen=True)
class Download:
    """One published file: its address, its checksum, its place below the data folder."""

    url: str
    checksum: str
    path: str


@dataclass(frozen=True)
class ImageSet:
    """One image set.

    ``places`` are the paths below a data folder where a copy may lie, the first that is there
    is read: a NumPy archive (.npz), CIFAR-10's binary version (.tar.gz, or its folder, which
    ends in -bin) or a folder of IDX files.
    """

    image_shape: tuple
    target_names: tuple
    places: tuple
    downloads: tuple
    description: str


_ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"

# The checksums that the authors print in the README of the same repository. They belong to
# gzip files whose header holds a name and a date; the four were met again by putting such a
# header before the compressed pixels of Debian's package dataset-fashion-mnist.
_ZALANDO_MD5 = (
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "25c81989df183df01b3e8a0aad5dffbe",
    "bef4ecab320f06d8554ea6380940ec79",
    "bb300cfdad3c16e7a12a480ee83cd310",
)

IMAGE_SETS = {
    "mnist": ImageSet(
        image_shape=(28, 28, 1),
        target_names=tuple("0123456789"),
        places=("mnist.npz", "mnist/"),
        downloads=(
            Download(
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
                # From the source of Keras: keras/src/datasets/mnist.py.
                "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                "mnist.npz",
            ),
        ),
        description="MNIST handwritten digits (LeCun, Cortes and Burges), 28x28 grey pixels.",
    ),
    "fashion_mnist": ImageSet(
        image_shape=(28, 28, 1),
        target_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        places=("fashion_mnist.npz", "fashion_mnist/"),
        downloads=tuple(
            Download(_ZALANDO + name, f"md5:{md5}", f"fashion_mnist/{name}")
            for name, md5 in zip(IDX_FILES, _ZALANDO_MD5, strict=True)
        ),
        description="Fashion-MNIST articles (Xiao, Rasul and Vollgraf 2017), 28x28 grey pixels.",
    ),
    "cifar10": ImageSet(
        image_shape=(32, 32, 3),
        target_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        places=(
            "cifar10.npz",
            "cifar-10-batches-bin/",
            "cifar-10-binary.tar.gz",
            "cifar10_airplane_automobile.npz",
        ),
        downloads=(
            Download(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                # Printed beside the link on the author's page, cs.toronto.edu/~kriz/cifar.html.
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
                "cifar-10-binary.tar.gz",
            ),
        ),
        description="CIFAR-10 objects (Krizhevsky 2009), 32x32 pixels in three colours.",
    ),
}
